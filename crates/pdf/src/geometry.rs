//! Rectangles of a page, and the way from what a reader sees to the coordinates that the file uses.

use crate::text::number;

/// Millimetres to points, which are 1/72 inch.
pub(crate) const POINTS_PER_MM: f64 = 72.0 / 25.4;

/// A rectangle, `x0 <= x1` and `y0 <= y1`, y upwards.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Rect {
    pub(crate) x0: f64,
    pub(crate) y0: f64,
    pub(crate) x1: f64,
    pub(crate) y1: f64,
}

impl Rect {
    /// From two opposite corners in any order.
    pub(crate) fn new(xa: f64, ya: f64, xb: f64, yb: f64) -> Self {
        Self {
            x0: xa.min(xb),
            y0: ya.min(yb),
            x1: xa.max(xb),
            y1: ya.max(yb),
        }
    }

    pub(crate) fn width(&self) -> f64 {
        self.x1 - self.x0
    }

    pub(crate) fn height(&self) -> f64 {
        self.y1 - self.y0
    }

    /// What both cover, if anything.
    pub(crate) fn intersect(&self, other: &Self) -> Option<Self> {
        let (x0, y0) = (self.x0.max(other.x0), self.y0.max(other.y0));
        let (x1, y1) = (self.x1.min(other.x1), self.y1.min(other.y1));
        (x0 < x1 && y0 < y1).then_some(Self { x0, y0, x1, y1 })
    }

    /// As a PDF array.
    pub(crate) fn to_pdf(self) -> String {
        format!(
            "[{} {} {} {}]",
            number(self.x0),
            number(self.y0),
            number(self.x1),
            number(self.y1)
        )
    }
}

/// How far a page is turned clockwise when it is shown (`/Rotate`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rotation {
    None,
    Quarter,
    Half,
    ThreeQuarters,
}

impl Rotation {
    /// From degrees; what is no multiple of 90 counts as none.
    pub(crate) fn from_degrees(degrees: i64) -> Self {
        match degrees.rem_euclid(360) {
            90 => Self::Quarter,
            180 => Self::Half,
            270 => Self::ThreeQuarters,
            _ => Self::None,
        }
    }

    /// The `/Matrix` that turns an appearance back, so that it stands upright on the turned page.
    /// Where it then lies does not matter: viewers move it into `/Rect` (ISO 32000-2, 12.5.5).
    pub(crate) fn matrix(self) -> &'static str {
        match self {
            Self::None => "[1 0 0 1 0 0]",
            Self::Quarter => "[0 1 -1 0 0 0]",
            Self::Half => "[-1 0 0 -1 0 0]",
            Self::ThreeQuarters => "[0 -1 1 0 0 0]",
        }
    }
}

/// The visible part of a page. *View* coordinates have their origin at its lower left corner as a reader sees it;
/// *user* coordinates are those of the file. Both count in the page's own unit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct View {
    /// The crop box within the media box, in user coordinates.
    pub(crate) visible: Rect,
    pub(crate) rotation: Rotation,
    /// Points per unit (`/UserUnit`).
    pub(crate) user_unit: f64,
}

impl View {
    /// Width and height as seen.
    pub(crate) fn size(&self) -> (f64, f64) {
        let (width, height) = (self.visible.width(), self.visible.height());
        match self.rotation {
            Rotation::None | Rotation::Half => (width, height),
            Rotation::Quarter | Rotation::ThreeQuarters => (height, width),
        }
    }

    /// The coefficients `[a b c d e f]` that take user to view coordinates.
    pub(crate) fn user_to_view(&self) -> [f64; 6] {
        let Rect { x0, y0, x1, y1 } = self.visible;
        match self.rotation {
            Rotation::None => [1.0, 0.0, 0.0, 1.0, -x0, -y0],
            Rotation::Quarter => [0.0, -1.0, 1.0, 0.0, -y0, x1],
            Rotation::Half => [-1.0, 0.0, 0.0, -1.0, x1, y1],
            Rotation::ThreeQuarters => [0.0, 1.0, -1.0, 0.0, y1, -x0],
        }
    }

    /// A rectangle of user coordinates as a reader sees it.
    #[allow(clippy::many_single_char_names, reason = "the names of ISO 32000-2, 8.3.3")]
    pub(crate) fn to_view(self, rect: Rect) -> Rect {
        let [a, b, c, d, e, f] = self.user_to_view();
        let point = |x: f64, y: f64| (a * x + c * y + e, b * x + d * y + f);
        let ((xa, ya), (xb, yb)) = (point(rect.x0, rect.y0), point(rect.x1, rect.y1));
        Rect::new(xa, ya, xb, yb)
    }

    /// A rectangle that a reader sees in user coordinates.
    pub(crate) fn to_user(self, rect: Rect) -> Rect {
        let Rect { x0, y0, x1, y1 } = self.visible;
        let point = |u: f64, v: f64| match self.rotation {
            Rotation::None => (x0 + u, y0 + v),
            Rotation::Quarter => (x1 - v, y0 + u),
            Rotation::Half => (x1 - u, y1 - v),
            Rotation::ThreeQuarters => (x0 + v, y1 - u),
        };
        let ((xa, ya), (xb, yb)) = (point(rect.x0, rect.y0), point(rect.x1, rect.y1));
        Rect::new(xa, ya, xb, yb)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ALL: [Rotation; 4] = [
        Rotation::None,
        Rotation::Quarter,
        Rotation::Half,
        Rotation::ThreeQuarters,
    ];

    #[test]
    fn the_lower_left_corner_as_seen_is_another_corner_of_a_turned_page() {
        let corner = |rotation| {
            let view = View {
                visible: Rect::new(10.0, 20.0, 110.0, 220.0),
                rotation,
                user_unit: 1.0,
            };
            view.to_user(Rect::new(0.0, 0.0, 5.0, 2.0)).to_pdf()
        };
        // Turned clockwise, the lower left corner as seen is the lower right one of the sheet.
        assert_eq!(
            ALL.map(corner),
            [
                "[10 20 15 22]",
                "[108 20 110 25]",
                "[105 218 110 220]",
                "[10 215 12 220]"
            ]
        );
    }

    #[test]
    fn degrees_are_read_whatever_their_sign() {
        let read = [-90, 0, 90, 450, 45, 180].map(Rotation::from_degrees);
        assert_eq!(
            read,
            [
                Rotation::ThreeQuarters,
                Rotation::None,
                Rotation::Quarter,
                Rotation::Quarter,
                Rotation::None,
                Rotation::Half
            ]
        );
    }

    proptest! {
        #[test]
        fn there_and_back_again(turns in 0_usize..4, x in 0.0..90.0, y in 0.0..190.0, w in 1.0..9.0, h in 1.0..9.0) {
            let rotation = ALL.get(turns).copied().unwrap_or(Rotation::None);
            let view = View { visible: Rect::new(-10.0, 20.0, 90.0, 220.0), rotation, user_unit: 1.0 };
            let seen = Rect::new(x, y, x + w, y + h);
            let back = view.to_view(view.to_user(seen));
            prop_assert!((back.x0 - seen.x0).abs() < 1e-9 && (back.y1 - seen.y1).abs() < 1e-9);
        }
    }
}
